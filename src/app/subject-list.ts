import type { ListSubjects, SubjectSlice, WantedSubjects } from '../authzen/candidates.ts'
import { subjectLengthMax } from '../decision/attempt-limits.ts'
import type { DirectoryResolution } from '../decision/subject.ts'
import type { DirectoryId } from '../directory/directory.ts'
import type { PrincipalRow, Store } from '../store/store.ts'
import type { Tenancy } from './house.ts'

/**
 * The users of a tenant as the store has them, directory after directory. Of each directory those
 * are listed whom an attempt finds there by the name alone: a user whose domain belongs to another
 * directory cannot be asked about without naming his own.
 */
export function subjectList(
  store: Pick<Store, 'principals'>,
  tenancy: Pick<Tenancy, 'directories'>,
  resolution: DirectoryResolution,
): ListSubjects {
  return async (wanted) => {
    const { tenant, after, max } = wanted
    const own = tenancy.directories.filter((each) => each.tenant === tenant).map(({ id }) => id)
    const place = after === undefined ? { directory: own[0], ordinal: -1 } : placeOf(after)
    const directory = own.find((id) => id === place?.directory)
    if (place === undefined || directory === undefined) return { kind: 'lost' }
    try {
      const { principals } = await store.principals(directory, place.ordinal, max)
      const last = principals.at(-1)
      if (last !== undefined) {
        const candidates = principals.flatMap((row) => candidateOf(row, wanted, resolution))
        return { kind: 'slice', candidates, next: placeText(directory, last.ordinal) }
      }
      const following = own[own.indexOf(directory) + 1]
      const next = following === undefined ? undefined : placeText(following, -1)
      return { kind: 'slice', candidates: [], next }
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error))
      return { kind: 'unavailable', cause }
    }
  }
}

function candidateOf(
  { directory, ordinal, id, document }: PrincipalRow,
  { tenant, kind }: WantedSubjects,
  resolution: DirectoryResolution,
): Extract<SubjectSlice, { kind: 'slice' }>['candidates'] {
  const name = kind === 'id' ? id : document[kind]
  if (typeof name !== 'string' || name === '' || name.length > subjectLengthMax) return []
  const found = resolution.directoryOf(tenant, { kind, name, directory: undefined })
  return found?.id === directory ? [{ name, at: placeText(directory, ordinal) }] : []
}

function placeText(directory: DirectoryId, ordinal: number): string {
  return `${ordinal} ${directory}`
}

/** Undefined: no place of ours. Whether there is such a directory is for the caller to see. */
function placeOf(
  text: string,
): { readonly directory: string; readonly ordinal: number } | undefined {
  const [, ordinal, directory] = /^(-1|\d{1,15}) (.+)$/.exec(text) ?? []
  return directory === undefined ? undefined : { directory, ordinal: Number(ordinal) }
}
