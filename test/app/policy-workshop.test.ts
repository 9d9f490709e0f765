import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tenancyOf } from '../../src/app/house.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { PolicyWorkshop } from '../../src/app/policy-workshop.ts'
import { Registries } from '../../src/app/registries.ts'
import { evaluate } from '../../src/decision/evaluate.ts'
import { systemClock } from '../../src/std/clock.ts'
import { factsOf } from '../support/policies.ts'
import { acme } from '../support/store-fixture.ts'
import { workspace } from '../support/workspace.ts'

/** One that does everything where it is, and one that does everything on a thread. */
function workshops(policy: string) {
  const place = workspace({ policy })
  const config = readHouseConfig(place.file)
  const tenancy = tenancyOf(config)
  const parts = { config, tenancy, registries: new Registries(tenancy), clock: systemClock }
  const [here, there] = [
    new PolicyWorkshop(parts, Number.POSITIVE_INFINITY),
    new PolicyWorkshop(parts, 0),
  ]
  return { ...place, here, there }
}

const rules = Array.from({ length: 450 }, (_, at) => ({
  id: `rule-${at}`,
  effect: at % 7 === 0 ? 'block' : 'allow',
  apps: { names: [`app-${at % 210}`] },
  who: { groups: { any: [`Group ${at % 5}`] } },
  when: { 'context.country': { in: ['DE'] } },
}))
const applications = Object.fromEntries(rules.map(({ apps }) => [apps.names[0], {}]))
const policy = JSON.stringify({ version: 1, applications, rules })

test('a policy that a thread has read and taken apart answers like one that was compiled here', async () => {
  const { policy: file, here, there } = workshops(policy)

  const [near, far] = [await here.prepare(file, acme), await there.prepare(file, acme)]
  expect(far).toEqual(near)

  const [one, other] = [
    await here.compile(near.document, acme),
    await there.compile(near.document, acme),
  ]
  expect(other.rules.map(({ id }) => id)).toEqual(one.rules.map(({ id }) => id))
  for (const [at, name] of Object.keys(applications).entries()) {
    const groups = [`Group ${at % 5}`]
    const facts = factsOf({ user: { groups }, context: { country: 'DE' } })
    const [mine, theirs] = [one, other].map((set) => {
      const verdict = evaluate(set, set.applications.get(name)!, 'connect', facts)
      return verdict.kind === 'rule' ? verdict.rule.id : ''
    })
    expect(theirs).toBe(mine)
  }
})

test('what is wrong with a file, and a document of a newer version, is told from there as from here', async () => {
  const { policy: file, here, there } = workshops(policy)
  writeFileSync(file, 'version: 1\nrules: [{ id: a, efect: allow, apps: any }]\n')

  const faults = await Promise.all(
    [here, there].map((workshop) => workshop.prepare(file, acme).catch((error) => error)),
  )
  const refused = await Promise.all(
    [here, there].map((workshop) =>
      workshop.compile('{"format":99}', acme).catch((error) => error),
    ),
  )

  expect(faults[1]).toMatchObject({ code: 'POLICY_FILE_INVALID', message: faults[0].message })
  expect(refused[1]).toMatchObject({
    code: 'POLICY_DOCUMENT_UNREADABLE',
    message: refused[0].message,
  })
})
