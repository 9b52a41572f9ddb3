// SPDX-License-Identifier: Apache-2.0
exports.up = (pgm) => {
  pgm.noTransaction();
  pgm.createIndex('item', 'size', { name: 'item_size', concurrently: true });
};
