import type { Rule } from '../draft.ts';
import { acceleratorsRule } from './resources/accelerators.ts';
import { submodulesRule } from './image/clone.ts';
import { commandVariablesRule } from './command-variables.ts';
import { concurrencyRule } from './types/concurrency.ts';
import { curlyQuotesRule } from './curly-quotes.ts';
import { jupyterRule } from './debug.ts';
import { engineNameRule } from './engine-name.ts';
import { environmentRule } from './environment.ts';
import { imageRule } from './image/image.ts';
import { memoryRule } from './resources/memory.ts';
import { namesRule } from './types/names.ts';
import { pathsRule } from './image/paths.ts';
import { rdmaRule } from './resources/rdma.ts';
import { capabilitiesRule } from './security.ts';
import { sharedMemoryRule } from './resources/shared-memory.ts';
import { skipBuildRule } from './image/skip-build.ts';
import { spotGraceRule, spotRestartRule } from './resources/spot.ts';
import { standaloneRule } from './types/standalone.ts';
import { timeoutRule } from './timeout.ts';
import { typesRule } from './types/types.ts';
import { versionRule } from './version.ts';
import { mountPointsRule, shareableRule, tensorboardVolumeRule, volumeNamesRule } from './volumes.ts';

/** Everything that a single key's type cannot say. */
export const RULES: readonly Rule[] = [
  versionRule,
  engineNameRule,
  pathsRule,
  imageRule,
  skipBuildRule,
  submodulesRule,
  typesRule,
  namesRule,
  memoryRule,
  sharedMemoryRule,
  acceleratorsRule,
  concurrencyRule,
  mountPointsRule,
  volumeNamesRule,
  tensorboardVolumeRule,
  shareableRule,
  environmentRule,
  timeoutRule,
  jupyterRule,
  capabilitiesRule,
  spotRestartRule,
  spotGraceRule,
  rdmaRule,
  commandVariablesRule,
  curlyQuotesRule,
  standaloneRule,
];
