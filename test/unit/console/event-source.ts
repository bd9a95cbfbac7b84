/** A browser's source of events, as far as the console uses it: it opens and breaks when a test says so. */
export class FakeEventSource extends EventTarget {
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  /** All that were made since the test began. */
  static made: FakeEventSource[] = [];
  readyState = 0;
  constructor() {
    super();
    FakeEventSource.made.push(this);
  }
  open(): void {
    this.readyState = FakeEventSource.OPEN;
    this.dispatchEvent(new Event('open'));
  }
  lose(): void {
    this.readyState = 0;
    this.dispatchEvent(new Event('error'));
  }
  close(): void {
    this.readyState = FakeEventSource.CLOSED;
  }
}
