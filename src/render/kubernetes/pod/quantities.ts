/** CPUs as Kubernetes writes them: whole ones plain, else in thousandths, rounded up to one of them. */
export function cpuQuantity(cpus: number): string {
  const thousandths = Math.max(1, Math.round(cpus * 1000));
  return thousandths % 1000 === 0 ? String(thousandths / 1000) : `${thousandths}m`;
}

/** Manifest gigabytes, read as 1024 MiB: whole Gi where they are whole, else Mi. */
export function memoryQuantity(gigabytes: number): string {
  const mebibytes = Math.max(1, Math.round(gigabytes * 1024));
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`;
}
