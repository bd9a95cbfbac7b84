import { DialogBox, showDialog } from './dialog.tsx';

const KEYS = [
  ['j, k', 'down and up'],
  ['Enter', 'open'],
  ['x', 'select'],
  ['/', 'to the field of filters, or of the search'],
  ['1 to 9', 'the parts of an experiment'],
  ['n, N', 'in a log: the next match, the one before'],
  ['f, G, w', 'in a log: follow it; its end; break long lines'],
  ['g then e', 'experiments'],
  ['g then s', 'sweeps'],
  ['Esc', 'leave a field; select nothing'],
  ['?', 'these keys'],
] as const;

export function showKeys(): Promise<void> {
  return showDialog(
    <DialogBox title="Keys">
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </DialogBox>,
  );
}
