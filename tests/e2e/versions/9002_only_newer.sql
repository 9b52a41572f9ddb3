-- SPDX-License-Identifier: Apache-2.0
-- What ends the work of older programs: from here on they would do harm.
UPDATE registry.installation SET oldest_program_allowed = 9002;
SELECT pg_sleep(0.1);
