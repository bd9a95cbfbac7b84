import { expect, test } from 'vitest';
import { proxyFor } from '../../../../../src/engines/kubernetes/proxy.ts';

const PROXY = 'http://proxy.corp:3128';

test.each<[string, string, Record<string, string>, string | null]>([
  ['none', 'https://k8s.corp:6443', {}, null],
  ['https', 'https://k8s.corp:6443', { HTTPS_PROXY: PROXY }, PROXY],
  ['in small letters', 'https://k8s.corp:6443', { https_proxy: PROXY }, PROXY],
  ['without a scheme', 'https://k8s.corp', { HTTPS_PROXY: 'proxy.corp:3128' }, PROXY],
  ['that of http is not for https', 'https://k8s.corp', { HTTP_PROXY: PROXY }, null],
  ['http', 'http://k8s.corp', { HTTP_PROXY: PROXY }, PROXY],
  ['this machine', 'https://localhost:6443', { HTTPS_PROXY: PROXY }, null],
  ['this machine by number', 'https://127.0.0.1:6443', { HTTPS_PROXY: PROXY }, null],
  ['this machine, IPv6', 'https://[::1]:6443', { HTTPS_PROXY: PROXY }, null],
  ['spared by name', 'https://k8s.corp', { HTTPS_PROXY: PROXY, NO_PROXY: 'other, k8s.corp' }, null],
  ['spared with what is above', 'https://k8s.corp', { HTTPS_PROXY: PROXY, no_proxy: 'corp' }, null],
  ['a dot: only what is below', 'https://corp', { HTTPS_PROXY: PROXY, NO_PROXY: '.corp' }, PROXY],
  ['a dot', 'https://k8s.corp', { HTTPS_PROXY: PROXY, NO_PROXY: '.corp' }, null],
  ['a star', 'https://k8s.corp', { HTTPS_PROXY: PROXY, NO_PROXY: '*.corp' }, null],
  ['no part of a name', 'https://notcorp', { HTTPS_PROXY: PROXY, NO_PROXY: 'corp' }, PROXY],
  ['all', 'https://k8s.corp', { HTTPS_PROXY: PROXY, NO_PROXY: '*' }, null],
  ['a range', 'https://10.2.3.4:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, null],
  ['outside the range', 'https://11.2.3.4:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, PROXY],
  ['a range that is none', 'https://10.2.3.4', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/99' }, PROXY],
  ['an address', 'https://10.2.3.4:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '10.2.3.4' }, null],
  ['this port', 'https://k8s.corp:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'k8s.corp:6443' }, null],
  ['another port', 'https://k8s.corp:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'k8s.corp:443' }, PROXY],
])('%s', (_what, server, env, expected) => {
  expect(proxyFor(server, env)).toBe(expected);
});
