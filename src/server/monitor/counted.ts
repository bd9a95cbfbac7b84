import type { DeliveryTable } from '../store/tables/deliveries.ts';
import type { Meter } from './meter.ts';

/** The table of deliveries, with each decision counted as it is written down. */
export function counted(deliveries: DeliveryTable, meter: Meter | null): DeliveryTable {
  if (meter === null) return deliveries;
  return {
    ...deliveries,
    add(project, news) {
      const written = deliveries.add(project, news);
      written.forEach(meter.decided);
      return written;
    },
    decide(id, decided) {
      const delivery = deliveries.decide(id, decided);
      if (delivery !== null) meter.decided(delivery);
      return delivery;
    },
  };
}
