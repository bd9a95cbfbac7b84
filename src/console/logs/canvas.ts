import { createRows, type Row, type RowsOptions } from './rows.ts';
import { placeAt, ROW_HEIGHT, scrollHeight, topOf, wrappedPlace } from './scroll.ts';

/** What is drawn of a log: as many rows as are seen, used again for others as it scrolls. */
export interface LogCanvas {
  /** Draws before the next frame. */
  draw(): void;
  /** Scrolls so that a line stands in the upper third. */
  show(place: number): void;
  toEnd(): void;
  /** Whether a row shows the line with this number. */
  sees(sequence: number): boolean;
  isAtEnd(): boolean;
  /** The width has changed, or whether lines are wrapped: what is seen stays. */
  resized(): void;
}

interface CanvasOptions extends RowsOptions {
  /** The box that scrolls. */
  box: HTMLElement;
  /** Makes the bar as long as the log is. */
  space: HTMLElement;
  /** Whether lines are broken where the box ends, instead of going on to its right. */
  isWrapped(): boolean;
}

export function createCanvas(options: CanvasOptions): LogCanvas {
  const { box, layer, space, pages } = options;
  const { rows, put } = createRows(options);
  let isAsked = false;
  const sizes = () => ({ lines: pages.lines.value ?? 0, height: box.clientHeight });

  /** Height of the usual line, by which the bar is as long as the log; null: not known for this width yet. */
  let usual: number | null = null;
  const share = () => box.scrollTop / Math.max(1, box.scrollHeight - box.clientHeight);

  /** The bar is as long as the log. */
  function fit(): void {
    layer.classList.toggle('is-wrapped', options.isWrapped());
    const rowHeight = options.isWrapped() ? (usual ?? ROW_HEIGHT) : ROW_HEIGHT;
    space.style.height = `${scrollHeight(sizes().lines, rowHeight)}px`;
  }
  function goTo(place: number): void {
    box.scrollTop = place * (box.scrollHeight - box.clientHeight);
  }
  function paint(): void {
    isAsked = false;
    fit();
    if (options.isWrapped()) return paintWrapped();
    const { lines, height } = sizes();
    const { first, hidden } = placeAt(box.scrollTop, { lines, height });
    put(first, Math.min(lines - first, Math.ceil(height / ROW_HEIGHT) + 1));
    layer.style.transform = `translateY(${-hidden}px)`;
  }
  /** One line is held in its place; the others stand above and below it, as high as they are. */
  function paintWrapped(): void {
    const { lines, height } = sizes();
    const before = share();
    const { line, within, at } = wrappedPlace(before, { lines, height });
    const around = Math.ceil(height / ROW_HEIGHT) + 1;
    const first = Math.max(0, line - around);
    const wanted = Math.min(lines - first, line - first + around);
    put(first, wanted);
    const held = rows[line - first]?.element;
    if (held === undefined || wanted <= 0) return;
    layer.style.transform = `translateY(${at - held.offsetTop - within * held.offsetHeight}px)`;
    if (usual !== null || pages.line(line) === null) return;
    const last = rows[wanted - 1]?.element;
    usual = Math.max(ROW_HEIGHT, ((last?.offsetTop ?? 0) + (last?.offsetHeight ?? 0)) / wanted);
    fit();
    goTo(before);
  }
  function isInBox({ element }: Row): boolean {
    const [row, frame] = [element.getBoundingClientRect(), box.getBoundingClientRect()];
    return row.top >= frame.top && row.bottom <= frame.bottom;
  }
  const draw = () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(paint);
  };
  return {
    draw,
    resized() {
      const before = share();
      const wasWrapped = layer.classList.contains('is-wrapped');
      usual = null;
      fit();
      if (wasWrapped || options.isWrapped()) goTo(before);
      draw();
    },
    show(place) {
      const { lines, height } = sizes();
      fit();
      if (options.isWrapped()) goTo((place + 0.5) / lines);
      else box.scrollTop = topOf(Math.max(0, place - height / ROW_HEIGHT / 3), { lines, height });
      draw();
    },
    toEnd() {
      fit();
      box.scrollTop = box.scrollHeight;
      draw();
    },
    sees: (sequence) =>
      rows.some(
        (row) => !row.element.hidden && row.shown === sequence && (!options.isWrapped() || isInBox(row)),
      ),
    isAtEnd: () => box.scrollTop + box.clientHeight >= box.scrollHeight - ROW_HEIGHT,
  };
}
