import type { LogOutlineAnswer } from '../../api/console/log-contract.ts';
import { isOpenLine, type LogLine } from '../../logs/line.ts';
import { lastState, stretchesOf } from './ansi.ts';
import { isOfManyPods } from './pages.ts';

/** The end of a log as the server knew it when it sent the page. */
export interface LastLines {
  outline: LogOutlineAnswer;
  lines: readonly LogLine[];
}

/** Characters of a line: about as many as a window shows. A line of colours makes an element of each. */
const MOST_DRAWN = 400;

/** The end of a log for who has no script yet to scroll in it: rows as `createRows` makes them, without colours of their own. */
export function LastLinesOf({ last: { outline, lines } }: { last: LastLines }) {
  const isOfMany = isOfManyPods(outline);
  return (
    <div class="log-layer is-last">
      {lines.map((line) => (
        <div key={line.sequence} class={line.stream === 'stderr' ? 'line is-error' : 'line'}>
          <a class="line-number" href={`#L${line.sequence}`}>
            {isOpenLine(line) ? '' : line.sequence}
          </a>
          <span class="line-source">{isOfMany ? (line.pod ?? line.step) : ''}</span>
          <span class="line-text">
            {stretchesOf(lastState(line.text).slice(0, MOST_DRAWN)).map(({ text, styles }, index) =>
              styles.length === 0 ? (
                text
              ) : (
                <span key={index} class={styles.join(' ')}>
                  {text}
                </span>
              ),
            )}
          </span>
        </div>
      ))}
    </div>
  );
}
