import { attribute, complex, plural, primary, reference, text } from './attribute-builders.ts'
import { coreUserUrn } from './core-schemas.ts'
import type { AttributeDefinition, Schema } from './schema-registry.ts'

const readOnly = { mutability: 'readOnly' } as const

const name = complex('name', "The parts of the user's name.", [
  text('formatted', 'The full name, all parts included, as it is displayed.'),
  text('familyName', 'The family name, or last name in most Western languages.'),
  text('givenName', 'The given name, or first name in most Western languages.'),
  text('middleName', 'The middle name or names.'),
  text('honorificPrefix', 'The title before the name, such as `Ms.`.'),
  text('honorificSuffix', 'What follows the name, such as `III`.'),
])

// RFC 7643 §8.7.1 leaves `primary` out here; its own example in §8.2 has it, and providers send it.
const addresses = complex(
  'addresses',
  'Physical mailing addresses.',
  [
    text('formatted', 'The whole address as it is displayed or printed. May hold line breaks.'),
    text('streetAddress', 'House number, street, post office box. May hold line breaks.'),
    text('locality', 'The city or locality.'),
    text('region', 'The state or region.'),
    text('postalCode', 'The zip code or postal code.'),
    text('country', 'The country, as an ISO 3166-1 alpha-2 code.'),
    text('type', 'A label for what the address is for.', {
      canonicalValues: ['work', 'home', 'other'],
    }),
    primary(),
  ],
  { multiValued: true },
)

const groups = complex(
  'groups',
  'The groups the user belongs to, directly or through other groups. Changed through the groups.',
  [
    text('value', 'The `id` of the group.', { ...readOnly, caseExact: true }),
    reference('$ref', ['User', 'Group'], 'The URI of the group.', readOnly),
    text('display', 'The name of the group.', readOnly),
    text('type', 'How the user belongs to the group.', {
      ...readOnly,
      canonicalValues: ['direct', 'indirect'],
    }),
  ],
  { ...readOnly, multiValued: true },
)

const attributes: readonly AttributeDefinition[] = [
  text('userName', 'The name that the user signs in with. Unique within the directory.', {
    required: true,
    uniqueness: 'server',
  }),
  name,
  text('displayName', 'The name of the user, for display to people.'),
  text('nickName', 'The casual way to address the user, such as `Bob` for Robert.'),
  reference('profileUrl', ['external'], "The location of the user's online profile."),
  text('title', "The user's title, such as `Vice President`."),
  text('userType', 'The relation between the organization and the user, such as `Contractor`.'),
  text('preferredLanguage', 'The preferred written or spoken language, such as `en-US`.'),
  text('locale', 'The locale for currency, dates and numbers, such as `en-US`.'),
  text('timezone', 'The time zone in IANA form, such as `America/Los_Angeles`.'),
  attribute(
    'active',
    'boolean',
    'Whether the user may sign in at all. Only an explicit true counts.',
  ),
  text('password', 'A clear text password. Accepted and never returned, compared or searched.', {
    mutability: 'writeOnly',
    returned: 'never',
    caseExact: true,
  }),
  plural('emails', 'E-mail addresses.', text('value', 'The e-mail address.'), [
    'work',
    'home',
    'other',
  ]),
  plural('phoneNumbers', 'Phone numbers.', text('value', 'The phone number.'), [
    'work',
    'home',
    'mobile',
    'fax',
    'pager',
    'other',
  ]),
  plural('ims', 'Instant messaging addresses.', text('value', 'The messaging address.'), [
    'aim',
    'gtalk',
    'icq',
    'xmpp',
    'msn',
    'skype',
    'qq',
    'yahoo',
  ]),
  plural(
    'photos',
    'URLs of photos of the user.',
    reference('value', ['external'], 'The URL of a photo.'),
    ['photo', 'thumbnail'],
  ),
  addresses,
  groups,
  plural('entitlements', 'Things the user has a right to.', text('value', 'The entitlement.')),
  plural(
    'roles',
    'What the user is, such as `Student` or `Faculty`. Several may share one type.',
    text('value', 'The role.'),
  ),
  plural(
    'x509Certificates',
    'Certificates issued to the user.',
    attribute('value', 'binary', 'A DER-encoded X.509 certificate, in base64.'),
  ),
]

/** RFC 7643 §4.1. */
export const userSchema: Schema = {
  urn: coreUserUrn,
  name: 'User',
  description: 'User Account',
  attributes,
}
