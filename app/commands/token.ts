import { parseArgs } from 'node:util'
import { createToken, listTokens, revokeToken, type Role, ROLES } from '../../ingest/tokens.ts'
import { loadConfig } from '../config.ts'
import { tokensFile } from '../tokens-file.ts'
import { type Command, print, printJson, printTable, UsageError } from './command.ts'

export const token: Command = {
  usage: `milepost token create --role ${ROLES.join('|')} [--name NAME] [--json]
milepost token list [--json]
milepost token revoke ID

A token is shown once, when it is created; only its hash is kept. A running Milepost notices at once.`,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { role: { type: 'string' }, name: { type: 'string' }, json: { type: 'boolean' } },
    })
    const path = tokensFile(loadConfig(process.env))
    const [verb, id] = positionals
    if (verb === 'create') {
      const role = ROLES.find(one => one === values.role)
      if (!role) throw new UsageError(`--role is one of ${ROLES.join(', ')}`)
      const created = await createToken(path, role satisfies Role, values.name)
      if (values.json) printJson(created)
      else print(`${created.token}\n\nRole ${role}, id ${created.id}. This is the only time it is shown.`)
    } else if (verb === 'list') {
      const all = listTokens(path)
      if (values.json) printJson(all)
      else
        printTable(
          ['id', 'role', 'name', 'created'],
          all.map(one => [one.id, one.role, one.name, one.createdAt]),
        )
    } else if (verb === 'revoke' && id !== undefined) {
      if (!(await revokeToken(path, id))) throw new Error(`there is no token ${id}: see milepost token list`)
      print(`${id} opens nothing any more`)
    } else throw new UsageError('create, list or revoke?')
    return 0
  },
}
