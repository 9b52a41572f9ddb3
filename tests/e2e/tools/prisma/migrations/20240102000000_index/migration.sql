-- SPDX-License-Identifier: Apache-2.0
CREATE INDEX CONCURRENTLY "Ticket_state_idx" ON "Ticket"("state");
