/** It can't be migrated as things are; the message says what to do. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused'
}
