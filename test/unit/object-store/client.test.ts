import { describe, expect, test } from 'vitest';
import { accessOf, amazonEndpoint, parseAddress } from '../../../src/object-store/client/access.ts';
import { parseListPage } from '../../../src/object-store/client/list-answer.ts';

const KEYS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' };
const ENGINES = 'https://engine.example';

describe('access', () => {
  const given = {
    endpoint: null,
    region: 'us-east-1',
    accessKey: 'id',
    secretKey: 'key',
    sessionToken: null,
  };
  test.each([
    ['the keys of the project', { project: KEYS }, given],
    [
      'those of the experiment beat them',
      { project: KEYS, own: { AWS_ACCESS_KEY_ID: 'own' } },
      { ...given, accessKey: 'own' },
    ],
    ['keys of the experiment alone', { own: KEYS }, given],
    [
      'a session, and a newline at the end of a file',
      { project: { AWS_ACCESS_KEY_ID: 'id\n', AWS_SECRET_ACCESS_KEY: 'key\n', AWS_SESSION_TOKEN: 't' } },
      { ...given, sessionToken: 't' },
    ],
    [
      'the region',
      { project: { ...KEYS, AWS_DEFAULT_REGION: 'eu-west-3' } },
      { ...given, region: 'eu-west-3' },
    ],
    [
      'the region that is said first',
      { project: { ...KEYS, AWS_REGION: 'a', AWS_DEFAULT_REGION: 'b' } },
      { ...given, region: 'a' },
    ],
    ['a region that is none', { project: { ...KEYS, AWS_REGION: 'x/../y.example' } }, given],
    [
      'the endpoint of the engine',
      { project: { ...KEYS, AWS_ENDPOINT_URL: 'https://other.example' }, endpoint: ENGINES },
      { ...given, endpoint: ENGINES },
    ],
    [
      'the endpoint of the project',
      { project: { ...KEYS, AWS_ENDPOINT_URL: 'http://minio:9000' } },
      { ...given, endpoint: 'http://minio:9000' },
    ],
    [
      'the one for S3 beats both',
      { project: { ...KEYS, AWS_ENDPOINT_URL_S3: 'http://minio:9000' }, endpoint: ENGINES },
      { ...given, endpoint: 'http://minio:9000' },
    ],
    [
      'an older name of it',
      { project: { ...KEYS, S3_ENDPOINT: 'http://minio:9000' } },
      { ...given, endpoint: 'http://minio:9000' },
    ],
  ] as const)(
    'is %s',
    (_, { endpoint = null, project = {}, own = {} }: Partial<Parameters<typeof accessOf>[0]>, access) => {
      expect(accessOf({ project, own, endpoint })).toEqual(access);
    },
  );

  test.each([
    ['no keys', {}, {}, null, 'no AWS_ACCESS_KEY_ID'],
    ['an empty key', { ...KEYS, AWS_SECRET_ACCESS_KEY: '' }, {}, null, 'no AWS_ACCESS_KEY_ID'],
    ['a key that is no header', { ...KEYS, AWS_SESSION_TOKEN: 'canary\r\nhost: x' }, {}, null, 'hold blanks'],
    [
      'an endpoint of the experiment',
      KEYS,
      { AWS_ENDPOINT_URL_S3: 'http://inner.test' },
      ENGINES,
      'given AWS_ENDPOINT_URL_S3',
    ],
    [
      'an endpoint of the experiment where the engine has none',
      KEYS,
      { AWS_ENDPOINT_URL: 'http://inner.test' },
      null,
      'given AWS_ENDPOINT_URL',
    ],
    ['an older name of one', KEYS, { S3_ENDPOINT: 'http://inner.test' }, null, 'given S3_ENDPOINT'],
    [
      'an endpoint with a password',
      { ...KEYS, AWS_ENDPOINT_URL: 'https://u:canary@s3.example' },
      {},
      null,
      'no URL',
    ],
    ['an endpoint of another kind', { ...KEYS, AWS_ENDPOINT_URL: 'file:///canary' }, {}, null, 'no URL'],
  ] as const)('is not given for %s, and no value is told', (_, project, own, endpoint, why) => {
    const access = accessOf({ project, own, endpoint });
    expect(access).toEqual({ why: expect.stringContaining(why) });
    expect(JSON.stringify(access)).not.toMatch(/canary|inner\.test/);
  });
});

test.each([
  ['s3://b/', { kind: 's3', bucket: 'b', key: '' }],
  ['s3://my-runs/output/x/tensorboard', { kind: 's3', bucket: 'my-runs', key: 'output/x/tensorboard' }],
  ['s3://b', null],
  ['s3:///x', null],
  ['s3://../x', null],
  ['s3://a@b/x', null],
  ['gs://b/x', { kind: 'gs', bucket: 'b', key: 'x' }],
  ['az://b/x', null],
  ['/mnt/x', null],
])('the address %s', (address, parsed) => {
  expect(parseAddress(address)).toEqual(parsed);
});

test('the stores of Amazon by region', () => {
  expect(amazonEndpoint('eu-west-3')).toMatch(/^https:\/\/s3\.eu-west-3\.amazonaws\.com$/);
  expect(amazonEndpoint('cn-north-1')).toMatch(/\.amazonaws\.com\.cn$/);
});

describe('a list', () => {
  const page = (inside: string) =>
    `<?xml version="1.0"?><ListBucketResult xmlns="x"><EncodingType>url</EncodingType>${inside}</ListBucketResult>`;
  const item = (key: string, size = '3') =>
    `<Contents><Key>${key}</Key><Size>${size}</Size><ETag>&quot;e&quot;</ETag></Contents>`;
  test.each([
    ['nothing', '<IsTruncated>false</IsTruncated>', [], null],
    ['an encoded key', item('a%2Bb+c/%C3%A9'), ['a+b c/é'], null],
    [
      'more to come',
      `${item('a')}<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>`,
      ['a'],
      't',
    ],
    ['more to come that nobody can ask for', `${item('a')}<IsTruncated>true</IsTruncated>`, ['a'], null],
    [
      'keys that no address can hold',
      item('a/../b') + item('./c') + item('') + item('%') + item('d..e'),
      ['d..e'],
      null,
    ],
    [
      'sizes that are none',
      item('a', '-1') + item('b', 'x') + item('c', '1e99') + item('d', '0'),
      ['d'],
      null,
    ],
  ])('with %s', (_, inside, keys, next) => {
    const { objects, next: following } = parseListPage(page(inside));
    expect([objects.map(({ key }) => key), following]).toEqual([keys, next]);
    for (const { etag } of objects) expect(etag).toBe('"e"');
  });

  test('of a store that does not encode keys, as it was asked to', () => {
    const text = page(item('a+b %20')).replace('url</E', '</E');
    expect(parseListPage(text).objects.map(({ key }) => key)).toEqual(['a+b %20']);
  });

  test.each(['', 'not XML', '<a><b></a>', '<!DOCTYPE x [<!ENTITY a "b">]><x/>'])(
    'that is none: %j',
    (text) => {
      expect(() => parseListPage(text)).toThrow();
    },
  );
});
