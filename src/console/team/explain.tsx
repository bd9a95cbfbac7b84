import { useSignal } from '@preact/signals';
import type { TriggerAnswer } from '../../api/team/hook-contract.ts';
import { send } from '../base/api.ts';
import { Field } from './parts.tsx';

interface ExplainProps {
  /** Of the project's route. */
  path: string;
  branches: readonly string[];
}

/** Whether a commit with a message would start an experiment; the control plane answers, as it would decide. */
export function Explain({ path, branches }: ExplainProps) {
  const message = useSignal('');
  const branch = useSignal('');
  const answer = useSignal<TriggerAnswer | Error | null>(null);
  const ask = async (event: Event) => {
    event.preventDefault();
    const asked = { message: message.value, ...(branch.value !== '' && { branch: branch.value }) };
    const found = await send<TriggerAnswer>('POST', `${path}/explain`, asked).catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    // Not of what was written meanwhile.
    if (message.peek() === asked.message && branch.peek() === (asked.branch ?? '')) answer.value = found;
  };
  return (
    <section aria-labelledby="explain">
      <h2 id="explain">Would this message start an experiment?</h2>
      <form class="fields" onSubmit={(event) => void ask(event)}>
        <Field name="Message of the commit">
          <textarea
            rows={2}
            required
            spellcheck={false}
            placeholder="aichor[manifest.yaml]: what it is about"
            value={message.value}
            onInput={({ currentTarget: { value } }) => {
              message.value = value;
              answer.value = null;
            }}
          />
        </Field>
        <Field name="Branch">
          <input
            placeholder={branches.length === 0 ? 'any' : 'one that counts'}
            value={branch.value}
            onInput={({ currentTarget: { value } }) => {
              branch.value = value;
              answer.value = null;
            }}
          />
        </Field>
        <button type="submit">Explain</button>
      </form>
      <div role="status">{answer.value !== null && <Answered answer={answer.value} />}</div>
    </section>
  );
}

function Answered({ answer }: { answer: TriggerAnswer | Error }) {
  if (answer instanceof Error) return <p class="failure">{answer.message}</p>;
  const { triggers, manifest, why, hint } = answer;
  return (
    <>
      <p>
        <b class={triggers ? 'is-succeeded' : 'is-cancelled'}>{triggers ? 'Yes' : 'No'}</b>: {why}
      </p>
      {manifest !== null && (
        <p>
          Its manifest is <code>{manifest}</code>
        </p>
      )}
      {hint !== null && <p class="muted">{hint}</p>}
    </>
  );
}
