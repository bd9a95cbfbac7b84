import type { NetworkInterfaceInfo } from 'node:os';
import { expect, it } from 'vitest';
import { isEveryAddress, isLoopbackHost, outerAddress } from '../../../src/base/http/outer-address.ts';

const at = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;

it('is one that others reach', () => {
  const lo = [at('127.0.0.1', true), at('::1', true)];
  expect(outerAddress({ lo })).toBe('127.0.0.1');
  expect(outerAddress({ lo, eth0: [at('fe80::1'), at('2001:db8::5'), at('10.1.2.3')] })).toBe('10.1.2.3');
  expect(outerAddress({ lo, eth0: [at('fe80::1'), at('2001:db8::5')] })).toBe('2001:db8::5');
});

it('knows hosts by what they mean', () => {
  expect(['0.0.0.0', '::', '10.0.0.1', 'localhost'].filter(isEveryAddress)).toEqual(['0.0.0.0', '::']);
  const hosts = ['127.0.0.1', '127.8.8.8', '::1', 'localhost', '127.evil.example', '10.0.0.1', '0.0.0.0'];
  expect(hosts.filter(isLoopbackHost)).toEqual(['127.0.0.1', '127.8.8.8', '::1', 'localhost']);
});
