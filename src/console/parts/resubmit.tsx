import { useSignal, type Signal } from '@preact/signals';
import type { ResubmissionInput } from '../../api/contract.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { counted } from '../../base/text/plural.ts';
import { send } from '../base/api.ts';
import { dialog, DialogBox, showDialog } from './dialog.tsx';

interface Resubmit {
  ids: readonly string[];
  /** Variables that they have: of several, those with the same value in all. */
  env: Readonly<Record<string, string>>;
  /** Submitted, each after the other; with what refused the next one, if something did. */
  onDone(made: readonly ExperimentSummary[], failure: unknown): void;
}

/** Asks which variables are other ones this time, and submits again. */
export function showResubmit(resubmit: Resubmit): Promise<void> {
  return showDialog(<ResubmitDialog {...resubmit} />);
}

/** A line of the form; `isNew`: its name is written, too. */
interface Variable {
  name: string;
  value: string;
  isNew: boolean;
  /** It is left out this time. */
  isGone: boolean;
}

const UNNAMED: Variable = { name: '', value: '', isNew: true, isGone: false };

function ResubmitDialog({ ids, env, onDone }: Resubmit) {
  const variables = useSignal<readonly Variable[]>([
    ...Object.entries(env).map(([name, value]) => ({ ...UNNAMED, name, value, isNew: false })),
    UNNAMED,
  ]);
  const message = useSignal('');
  const isBusy = useSignal(false);
  const refused = useSignal<string | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    isBusy.value = true;
    refused.value = null;
    const shown = dialog.peek();
    const { made, failure } = await resubmitted(ids, {
      message: message.value === '' ? null : message.value,
      env: changed(variables.value, env),
      drop_env: variables.value.filter(({ isGone }) => isGone).map(({ name }) => name),
    });
    isBusy.value = false;
    // Nothing was done: what was written is not lost.
    if (made.length === 0 && failure !== null && dialog.peek() === shown) {
      refused.value = failure instanceof Error ? failure.message : String(failure);
      return;
    }
    if (dialog.peek() === shown) dialog.value = null;
    onDone(made, failure);
  };
  return (
    <DialogBox
      title={ids.length === 1 ? 'Submit again' : `Submit ${counted(ids.length, 'experiment')} again`}
    >
      <form class="resubmit" onSubmit={(event) => void submit(event)}>
        <p class="muted">The same code and manifest. Variables that are left as they are stay so.</p>
        <label>
          Message
          <input
            value={message.value}
            placeholder="As before"
            onInput={({ currentTarget: { value } }) => (message.value = value)}
          />
        </label>
        <fieldset>
          <legend>Variables</legend>
          {variables.value.map((variable, index) => (
            <VariableFields key={index} variable={variable} at={index} all={variables} />
          ))}
          <button
            type="button"
            class="quiet"
            onClick={() => (variables.value = [...variables.value, UNNAMED])}
          >
            + Another variable
          </button>
        </fieldset>
        {refused.value !== null && <p role="alert">{refused.value}</p>}
        <p class="row end">
          <button type="button" onClick={() => (dialog.value = null)}>
            Close
          </button>
          <button type="submit" class="main" disabled={isBusy.value}>
            Submit
          </button>
        </p>
      </form>
    </DialogBox>
  );
}

interface FieldsProps {
  variable: Variable;
  at: number;
  all: Signal<readonly Variable[]>;
}

function VariableFields({ variable: { name, value, isNew, isGone }, at, all }: FieldsProps) {
  const change = (changes: Partial<Variable>) =>
    (all.value = all.value.map((each, index) => (index === at ? { ...each, ...changes } : each)));
  return (
    <p class="variable">
      {isNew ? (
        <input
          aria-label="Name of a variable"
          placeholder="NAME"
          pattern="[A-Za-z_][A-Za-z0-9_]*"
          title="letters, digits and _"
          value={name}
          onInput={({ currentTarget }) => change({ name: currentTarget.value })}
        />
      ) : (
        <code class={isGone ? 'gone' : undefined}>{name}</code>
      )}
      <input
        aria-label={isNew ? `Value of ${name === '' ? 'the variable' : name}` : `Value of ${name}`}
        value={isGone ? '' : value}
        placeholder={isGone ? 'Left out' : undefined}
        disabled={isGone}
        onInput={({ currentTarget }) => change({ value: currentTarget.value })}
      />
      {!isNew && (
        <button type="button" class="quiet" aria-pressed={isGone} onClick={() => change({ isGone: !isGone })}>
          Leave out<span class="unseen"> {name}</span>
        </button>
      )}
    </p>
  );
}

function changed(variables: readonly Variable[], before: Resubmit['env']): Record<string, string> {
  const named = variables.filter(({ name }) => name !== '');
  return Object.fromEntries(
    named
      .filter(({ name, value, isGone }) => !isGone && before[name] !== value)
      .map(({ name, value }) => [name, value]),
  );
}

async function resubmitted(ids: readonly string[], wish: ResubmissionInput) {
  const made: ExperimentSummary[] = [];
  try {
    for (const id of ids)
      made.push(await send<ExperimentSummary>('POST', `/experiments/${id}/resubmit`, wish));
  } catch (failure) {
    return { made, failure };
  }
  return { made, failure: null };
}
