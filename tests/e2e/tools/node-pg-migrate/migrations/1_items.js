// SPDX-License-Identifier: Apache-2.0
exports.up = (pgm) => {
  pgm.createExtension('pgcrypto');
  pgm.createType('size', ['small', 'large']);
  pgm.createDomain('amount', 'integer', { check: 'VALUE > 0' });
  pgm.createTable('item', {
    id: { type: 'uuid', primaryKey: true, default: pgm.func('gen_random_uuid()') },
    size: { type: 'size', notNull: true, default: 'small' },
    amount: { type: 'amount', notNull: true },
    changes: { type: 'integer', notNull: true, default: 0 },
  });
};
