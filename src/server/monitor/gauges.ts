import type * as Library from 'prom-client';
import { STATUSES } from '../../experiment/status.ts';
import type { Readings } from './readings.ts';

type Kinds = Readonly<Record<string, number>>;

/** What is read when somebody asks. A null is not told: 0 would be a figure. */
const GAUGES: readonly [name: string, help: string, read: (readings: Readings) => number | null][] = [
  ['aichor_deliveries_waiting', 'Deliveries that are still to be looked at', (r) => r.deliveriesWaiting()],
  ['aichor_messages_waiting', 'Notifications that are still to be told', (r) => r.messagesWaiting()],
  [
    'aichor_requests_active',
    'Requests that are being answered; a stream counts as long as it lasts',
    (r) => r.requests(),
  ],
  ['aichor_disk_size_bytes', 'Size of the disk that holds the state', (r) => r.disk()?.total ?? null],
  ['aichor_disk_free_bytes', 'What may still be written to it', (r) => r.disk()?.free ?? null],
  ['process_resident_memory_bytes', 'Memory of the server', residentBytes],
  ['process_start_time_seconds', 'When the server was started, since 1970', () => started],
  ['process_open_fds', 'Open files, pipes and sockets of the server', (r) => r.descriptors()],
];
const started = Math.round(Date.now() / 1000 - process.uptime());

/** The same of several kinds, which a label tells apart. */
const BY_KIND: readonly { name: string; help: string; label: string; read: (readings: Readings) => Kinds }[] =
  [
    {
      name: 'aichor_experiments',
      help: 'Experiments by status',
      label: 'status',
      read: (readings) => ({
        ...Object.fromEntries(STATUSES.map((status) => [status, 0])),
        ...readings.experiments(),
      }),
    },
    {
      name: 'aichor_disk_used_bytes',
      help: 'What the state takes, counted every ten minutes',
      label: 'kind',
      read: (readings) => readings.used() ?? {},
    },
  ];

/** Null where there is no descriptor left to read it by. */
function residentBytes(): number | null {
  try {
    return process.memoryUsage.rss();
  } catch {
    return null;
  }
}

interface Told {
  version: string;
  readings: Readings;
}

export function registerGauges(
  { Counter, Gauge }: typeof Library,
  registry: Library.Registry,
  { version, readings }: Told,
): void {
  // Registered below, each the same way.
  const registers: [] = [];
  const build = new Gauge({
    name: 'aichor_build_info',
    help: 'Always 1',
    labelNames: ['version'],
    registers,
  });
  build.set({ version }, 1);
  registry.registerMetric(build);
  for (const [name, help, read] of GAUGES)
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers,
        collect() {
          const value = read(readings);
          if (value === null) this.remove();
          else this.set(value);
        },
      }),
    );
  for (const { name, help, label, read } of BY_KIND)
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers,
        labelNames: [label],
        collect() {
          for (const [kind, value] of Object.entries(read(readings))) this.set({ [label]: kind }, value);
        },
      }),
    );
  let spent = 0;
  registry.registerMetric(
    new Counter({
      name: 'process_cpu_seconds_total',
      help: 'Processor time of the server',
      registers,
      collect() {
        const { user, system } = process.cpuUsage();
        const now = (user + system) / 1e6;
        this.inc(Math.max(0, now - spent));
        spent = now;
      },
    }),
  );
}
