import { ApplicationMatch } from './application-match.ts'
import type { Vocabulary } from './attribute-at.ts'
import {
  type CheckedApplication,
  type CheckedRule,
  type PolicyDocument,
  parsePolicyDocument,
} from './checked-policy.ts'
import { CompiledRule } from './compiled-rule.ts'
import { endpointsOf } from './endpoints.ts'
import type {
  Application,
  Destination,
  Rule,
  RuleSet,
  RulesOfApplication,
  SubjectFacts,
} from './policy.ts'
import { RuleIndex } from './rule-index.ts'
import { RuleScope } from './rule-scope.ts'
import { SubjectJudge } from './subject-judge.ts'
import type { SubjectRules } from './subject-rules.ts'
import { ValueList } from './value-list.ts'

/**
 * The rules of a stored policy, ready to be walked, all at once. Throws a PolicyDocumentError if
 * the document is of a format that this process does not know.
 */
export function compilePolicy(document: string, vocabulary: Vocabulary): RuleSet {
  const { applications, rules, ...head } = parsePolicyDocument(document)
  const builder = new RuleSetBuilder(head, vocabulary)
  builder.addApplications(applications)
  builder.addRules(rules)
  return builder.finished()
}

/** A policy without its long lists. */
export type PolicyHead = Pick<PolicyDocument, 'version' | 'lists' | 'attributesRead'>

/**
 * Builds a RuleSet in pieces, so that the thread which decides is never held up for long. Rules
 * come in the order of the file. A rule's conditions are compiled when first asked for.
 */
export class RuleSetBuilder {
  readonly #head: PolicyHead
  readonly #scope: RuleScope
  readonly #applications = new Map<string, Application>()
  readonly #match = new ApplicationMatch<Application>()
  readonly #rules: Rule[] = []
  readonly #index = new RuleIndex(this.#rules)
  readonly #judge: SubjectJudge

  constructor(head: PolicyHead, vocabulary: Vocabulary) {
    this.#head = head
    this.#scope = new RuleScope(
      vocabulary,
      new Map(head.lists.map((list) => [list.name, new ValueList(list)])),
    )
    this.#judge = new SubjectJudge((text) => this.#scope.attributeAt(text))
  }

  addApplications(parts: readonly CheckedApplication[]): void {
    for (const part of parts) {
      const { name, type, labels = {}, actions } = part
      const application = Object.freeze<Application>({
        name,
        type,
        labels: new Map(Object.entries(labels)),
        actions: new Map(actions.map((action) => [action, new Map([['name', action]])])),
      })
      this.#applications.set(name, application)
      this.#match.add(
        application,
        endpointsOf(part, () => {}),
      )
    }
  }

  /** Disabled ones are left out. */
  addRules(parts: readonly CheckedRule[]): void {
    for (const part of parts) {
      if (!part.enabled) continue
      const rule = new CompiledRule(part, this.#rules.length, this.#scope)
      this.#rules.push(rule)
      this.#index.add(rule, part.apps)
      if (!rule.isGeneral) this.#judge.add(rule, part)
    }
  }

  finished(): RuleSet {
    return new CompiledRuleSet({
      version: this.#head.version,
      attributesRead: new Set(this.#head.attributesRead),
      applications: this.#applications,
      rules: Object.freeze(this.#rules),
      match: this.#match,
      index: this.#index,
      judge: this.#judge,
    })
  }
}

interface Parts extends Pick<RuleSet, 'version' | 'attributesRead' | 'applications' | 'rules'> {
  readonly match: ApplicationMatch<Application>
  readonly index: RuleIndex
  readonly judge: SubjectJudge
}

class CompiledRuleSet implements RuleSet {
  readonly version: string
  readonly attributesRead: ReadonlySet<string>
  readonly applications: ReadonlyMap<string, Application>
  readonly rules: readonly Rule[]
  readonly #match: ApplicationMatch<Application>
  readonly #index: RuleIndex
  readonly #judge: SubjectJudge

  constructor({ version, attributesRead, applications, rules, match, index, judge }: Parts) {
    this.version = version
    this.attributesRead = attributesRead
    this.applications = applications
    this.rules = rules
    this.#match = match
    this.#index = index
    this.#judge = judge
    Object.freeze(this)
  }

  applicationAt(destination: Destination): Application | undefined {
    return this.#match.at(destination)
  }

  rulesFor(application: Application): RulesOfApplication {
    return this.#index.rulesFor(application)
  }

  subjectRules(subject: SubjectFacts): SubjectRules {
    return this.#judge.judge(subject)
  }
}
