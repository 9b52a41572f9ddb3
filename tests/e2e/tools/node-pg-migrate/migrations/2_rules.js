// SPDX-License-Identifier: Apache-2.0
exports.up = (pgm) => {
  const trigger = { when: 'BEFORE', operation: 'UPDATE', level: 'ROW', language: 'plpgsql' };
  const body = 'BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END';
  pgm.createTrigger('item', 'counted', trigger, body);
  pgm.createView('large', {}, "SELECT id FROM shop.item WHERE size = 'large'");
  pgm.createMaterializedView('total', {}, 'SELECT sum(amount) AS amount FROM shop.item');
  pgm.createPolicy('item', 'visible', { using: 'amount < 100' });
};
