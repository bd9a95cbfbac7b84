import type { Rule } from '../draft.ts';
import { acceleratorsRule } from './accelerators.ts';
import { submodulesRule } from './clone.ts';
import { commandVariablesRule } from './command-variables.ts';
import { concurrencyRule } from './concurrency.ts';
import { jupyterRule } from './debug.ts';
import { engineNameRule } from './engine-name.ts';
import { environmentRule } from './environment.ts';
import { imageRule } from './image.ts';
import { memoryRule } from './memory.ts';
import { namesRule } from './names.ts';
import { pathsRule } from './paths.ts';
import { rdmaRule } from './rdma.ts';
import { capabilitiesRule } from './security.ts';
import { sharedMemoryRule } from './shared-memory.ts';
import { skipBuildRule } from './skip-build.ts';
import { spotGraceRule, spotRestartRule } from './spot.ts';
import { standaloneRule } from './standalone.ts';
import { timeoutRule } from './timeout.ts';
import { typesRule } from './types.ts';
import { versionRule } from './version.ts';
import { mountPointsRule, shareableRule, tensorboardVolumeRule } from './volumes.ts';

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
  standaloneRule,
];
