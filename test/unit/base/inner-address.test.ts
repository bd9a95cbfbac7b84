import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { InnerAddress, isInnerHost, outerLookup } from '../../../src/base/http/inner-address.ts';

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['10.1.2.3', true],
  ['172.31.0.1', true],
  ['172.32.0.1', false],
  ['192.168.1.1', true],
  ['169.254.169.254', true],
  ['100.100.0.1', true],
  ['0.0.0.0', true],
  ['255.255.255.255', true],
  ['8.8.8.8', false],
  ['[::1]', true],
  ['[::]', true],
  ['[fd00::1]', true],
  ['[fe80::1]', true],
  ['[::ffff:127.0.0.1]', true],
  ['[::ffff:10.0.0.1]', true],
  ['[::ffff:8.8.8.8]', false],
  ['[64:ff9b::7f00:1]', true],
  ['[2001:4860:4860::8888]', false],
  ['localhost', true],
  ['a.localhost', true],
  ['hooks.example.com', false],
])('%s is an inner host: %s', (host, isInner) => {
  expect(isInnerHost(host)).toBe(isInner);
});

test('addresses as URLs normalise them are seen through: numbers, octal, short forms', () => {
  for (const host of ['2130706433', '0177.0.0.1', '127.1', '0x7f.1'])
    expect(isInnerHost(new URL(`http://${host}/`).hostname), host).toBe(true);
});

test('a name that stands for this machine is not connected to', async () => {
  const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const looked = new Promise((resolve) => outerLookup('localhost', { all: true }, (error) => resolve(error)));
  expect(await looked).toBeInstanceOf(InnerAddress);
  server.close();
});
