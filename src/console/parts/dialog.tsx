import { signal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { loadStyle } from './styles.ts';

/** What stands above the page until it is closed; null: nothing. */
export const dialog = signal<VNode | null>(null);

/** Resolves when it is shown. Rejects when its style could not be loaded. */
export async function showDialog(shown: VNode): Promise<void> {
  await loadStyle('dialog');
  dialog.value = shown;
}

interface DialogBoxProps {
  title: string;
  /** Whatever closed it: Escape, or a button of a form whose method is `dialog`. @param value of that button */
  onClose?: (value: string) => void;
  children: ComponentChildren;
}

export function DialogBox({ title, onClose, children }: DialogBoxProps) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  const close = () => {
    dialog.value = null;
    onClose?.(box.current?.returnValue ?? '');
  };
  return (
    <dialog ref={box} onClose={close} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}
