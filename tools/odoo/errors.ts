/** Errors as Odoo 19 answers them: a status and a body with Python's name of it. */
export class OdooError extends Error {
  readonly status: number
  readonly body: unknown
  readonly html: boolean
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    name: string,
    message: string,
    more: { args?: readonly unknown[]; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.status = status
    this.html = name === ''
    this.headers = more.headers ?? {}
    // A whole traceback comes with each: nobody is to pass it on.
    const debug = `Traceback (most recent call last):\n  File "/usr/lib/python3/dist-packages/odoo/http.py", line 1\n${name}: ${message}\n`
    const args = more.args ?? [message]
    this.body = this.html ? message : { name, message, arguments: args, context: {}, debug }
  }
}

const ofHttp = (status: number, name: string, message: string, headers: Record<string, string> = {}): OdooError =>
  new OdooError(status, `werkzeug.exceptions.${name}`, message, { args: [message, status], headers })

const BEARER = { 'WWW-Authenticate': 'Bearer ' }
export const noKey = () =>
  ofHttp(401, 'Unauthorized', 'User not authenticated, use an API Key with a Bearer Authorization header.', BEARER)
export const badKey = () => ofHttp(401, 'Unauthorized', 'Invalid apikey', BEARER)
export const badJson = (at: string) => ofHttp(400, 'BadRequest', `could not parse the body as json: ${at}`)
export const noModel = (model: string) => ofHttp(404, 'NotFound', `the model '${model}' does not exist`)
export const noMethod = (model: string, method: string) =>
  ofHttp(404, 'NotFound', `the method '${method}' does not exist on the model '${model}'`)
export const onlyPost = () => ofHttp(404, 'NotFound', 'Did you mean POST /json/2/<model>/<method>?')
export const missingArgument = (name: string) =>
  ofHttp(422, 'UnprocessableEntity', `missing a required argument: '${name}'`)
export const noDatabase = () =>
  new OdooError(
    404,
    '',
    '<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>\n',
  )
export const wrongType = () =>
  new OdooError(
    415,
    '',
    '<!doctype html>\n<html lang=en>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media Type</h1>\n',
    { headers: { Accept: 'application/json' } },
  )

export const accessError = (title: string, model: string) =>
  new OdooError(
    403,
    'odoo.exceptions.AccessError',
    `You are not allowed to access '${title}' (${model}) records.\n\nContact your administrator to request access if necessary.`,
  )
/** All fields are read where none are named, and one of them is nobody's to read. */
export const unreadableField = (model: string) =>
  new OdooError(
    403,
    'odoo.exceptions.AccessError',
    `Failed to read field ${model}.rtc_session_ids\nYou are not allowed to access 'Mail RTC session' (discuss.channel.rtc.session) records.`,
  )
export const otherCompanies = () =>
  new OdooError(403, 'odoo.exceptions.AccessError', 'Access to unauthorized or invalid companies.')
/** A record rule hides it. */
export const topSecret = () =>
  new OdooError(403, 'odoo.exceptions.AccessError', 'Uh-oh! Looks like you have stumbled upon some top-secret records.')
export const privateMethod = (model: string, method: string) =>
  new OdooError(
    403,
    'odoo.exceptions.AccessError',
    `Private methods (such as '${model}.${method}') cannot be called remotely.`,
  )
export const missing = (model: string, id: number) =>
  new OdooError(
    404,
    'odoo.exceptions.MissingError',
    `Record does not exist or has been deleted.\n(Record: ${model}(${id},), User: 5)`,
  )
export const userError = (message: string) => new OdooError(422, 'odoo.exceptions.UserError', message)
export const invalidField = (message: string) => new OdooError(500, 'builtins.ValueError', message)
export const serializationFailure = () =>
  new OdooError(500, 'psycopg2.errors.SerializationFailure', 'could not serialize access due to concurrent update\n')
