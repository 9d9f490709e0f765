import type { GatewayListen, HttpListen } from '../config/config.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import { type PemListen, type PemTls, readTls, TlsFileError } from './tls-files.ts'

export interface TlsWatch {
  /** `grpc`: `listen.grpc.tls` names its files. */
  readonly listener: string
  readonly listen: HttpListen | GatewayListen
  /** What was read when it began to listen. */
  readonly first: PemListen['tls']
  readonly replace: (tls: PemTls) => void
}

/**
 * Keeps the certificate of a listener the one that its files hold. New files are judged first; what
 * cannot be used changes nothing, is told once, and the certificate of before stays in use.
 */
export async function keepTls(
  { listener, listen, first, replace }: TlsWatch,
  observer: Observer,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (listen.tls === undefined || first === undefined) return
  const refused = (fault: string) =>
    new TlsFileError(`listen.${listener}.tls.cert`, listen.tls?.cert ?? '', fault)
  // It is used all the same: what else this process serves may be wanted.
  const early = faultAt(clock.wallMs(), first)
  if (early === undefined) observer.certificateReplaced({ listener, expiresMs: first.expiresMs })
  else observer.certificateRefused({ listener, error: refused(early) })
  let now = first
  let seen = ''
  let told = ''
  while (!signal.aborted) {
    await clock.sleep(lookMs, signal)
    if (signal.aborted) return
    try {
      const next = await readTls(listen.tls, `listen.${listener}.tls`)
      const isAsBefore = isSame(now, next)
      // The files of before are back: nothing is refused any more.
      if (isAsBefore && told === '') {
        seen = ''
        continue
      }
      if (!isAsBefore) {
        const fault = faultAt(clock.wallMs(), next)
        if (fault !== undefined) throw refused(fault)
        replace(next)
        now = next
      }
      seen = ''
      told = ''
      observer.certificateReplaced({ listener, expiresMs: next.expiresMs })
    } catch (error) {
      // Files are replaced one after the other: only what is wrong twice is wrong.
      const text = error instanceof Error ? error.message : String(error)
      if (text === seen && text !== told) {
        told = text
        observer.certificateRefused({ listener, error })
      }
      seen = text
    }
  }
}

/** A new certificate serves new connections within some 2 s. */
const lookMs = 1000

/** What any client would refuse it for. */
function faultAt(nowMs: number, { startsMs, expiresMs }: PemTls): string | undefined {
  if (expiresMs <= nowMs) return 'has expired'
  // A minute: clocks of those that issue certificates run ahead of ours.
  return startsMs > nowMs + 60_000 ? 'is not yet valid' : undefined
}

function isSame(one: PemTls, other: PemTls): boolean {
  const sameCa = one.clientCa?.toString('latin1') === other.clientCa?.toString('latin1')
  return sameCa && one.cert.equals(other.cert) && one.key.equals(other.key)
}
