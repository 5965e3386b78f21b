/** A backup that can't be made or can't be restored, in a sentence that says why and what to do. */
export class BackupRefused extends Error {
  override readonly name = 'BackupRefused'
}
