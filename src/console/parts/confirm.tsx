import { DialogBox, showDialog } from './dialog.tsx';

interface Question {
  title: string;
  text: string;
  /** What the button that does it says. */
  deed: string;
}

/** Asks before something that cannot be taken back. */
export function confirmed(question: Question): Promise<boolean> {
  return new Promise((resolve, reject) => {
    showDialog(<Confirm {...question} answer={resolve} />).catch(reject);
  });
}

function Confirm({ title, text, deed, answer }: Question & { answer(isWanted: boolean): void }) {
  return (
    <DialogBox title={title} onClose={(value) => answer(value === 'yes')}>
      <p>{text}</p>
      <form method="dialog" class="row end">
        <button type="submit" value="no">
          No
        </button>
        <button type="submit" value="yes" class="danger">
          {deed}
        </button>
      </form>
    </DialogBox>
  );
}
