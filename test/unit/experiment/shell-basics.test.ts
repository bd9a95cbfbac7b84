import { expect, it } from 'vitest';
import { shellBasics } from '../../../src/experiment/shell-basics.ts';

it('lets only the basics of a shell travel', () => {
  const basics = {
    PATH: '/bin',
    HOME: '/h',
    LC_ALL: 'C',
    https_proxy: 'p',
    NO_PROXY: 'n',
    UV_CACHE_DIR: '/c',
    PIP_INDEX_URL: 'i',
    LD_LIBRARY_PATH: '/l',
    TZ: 'UTC',
  };
  const rest = {
    AWS_SECRET_ACCESS_KEY: 's',
    AICHOR_API_KEY: 'k',
    PYTHONPATH: '/p',
    LCX: '1',
    MY_PIP_X: '1',
    PROXY: 'x',
    GONE: undefined,
  };
  expect(shellBasics({ ...rest, ...basics })).toEqual(basics);
});
