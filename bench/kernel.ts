/** What Linux tells of processes: CPU time, memory, children. */
import { readFileSync } from 'node:fs';

/** Clock ticks of /proc, 100 per second on every Linux that Node runs on. */
const msPerTick = 10;

/** User and system time of the processes with all their threads, in ms. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(readFileSync(`/proc/${pid}/stat`, 'latin1')) * msPerTick, 0);
}

/** Fields 14 and 15 of `/proc/PID/stat`; the name in parentheses may hold spaces, so they are counted after it. */
export function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Resident memory of the processes, in MB. */
export function rssMb(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + kilobytes(readFileSync(`/proc/${pid}/status`, 'latin1')) / 1_024, 0);
}

function kilobytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}

/** The processes that this one started from its main thread. */
export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
}

/** Time that a processor has worked for any process, or was taken away by the machine's host, in ms. */
export function busyMs(processor: number): number {
  const line =
    new RegExp(`^cpu${processor} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = line.trim().split(/ +/).map(Number);
  return (user + nice + system + steal) * msPerTick;
}
