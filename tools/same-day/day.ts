/** One day through one installation: what it came to, and what is wrong with it. */
import type { World } from '../feeder/world.ts'
import { send } from '../feeder/send.ts'
import { settled } from '../chaos/caught-up.ts'
import type { Installation } from '../chaos/installation.ts'
import { type Counts, countsOf, faultsOfLog, faultsOfTables } from '../chaos/ledger.ts'
import { detailsOf, differences, type Lines, outcomeOf, outcomeOfTruth, standingOf } from '../chaos/outcome.ts'
import type { Program } from '../chaos/program.ts'
import { viewsOf, viewsOfApi } from '../chaos/views.ts'

export interface Ended {
  readonly outcome: Lines
  readonly details: Lines
  /** Records of all topics. */
  readonly records: number
  /** How many tasks each of the processors' processes had in the end. */
  readonly tasks: readonly number[]
  /** From the first request until everything had come through. */
  readonly seconds: number
  /** Everything that is not as it has to be, whatever another installation says. */
  readonly faults: readonly string[]
}

/** Requests under way: they overtake one another, so that no two installations hear the day in the same order. */
const CONCURRENCY = 3
const POSITIONS_A_REQUEST = 500

export async function throughTheDay(at: Installation, processes: number, { deliveries, truth }: World): Promise<Ended> {
  const token = await at.token()
  const workers = Array.from({ length: processes }, () => at.start('processors', { MILEPOST_LOG_LEVEL: 'debug' }))
  const programs = [at.start('ingest'), at.start('sinks'), ...workers]
  const faults: string[] = []
  try {
    await at.ready(programs[0] as Program)
    const begun = performance.now()
    const { refusals } = await send(
      deliveries,
      { url: at.url, token, secrets: at.secrets },
      { withReceivedAt: true, concurrency: CONCURRENCY, batch: POSITIONS_A_REQUEST },
    )
    faults.push(...refusals.map(({ status, path, reason }) => `refused: ${status} ${path} ${reason}`))
    await at.moveClock(truth.finalTick)
    await settled(at)
    const seconds = (performance.now() - begun) / 1_000
    const standing = await standingOf(at)
    const { counts, ...found } = await compared(at, { truth, standing })
    faults.push(...found.faults, ...differences('beside the truth', outcomeOfTruth(truth), outcomeOf(standing)))
    faults.push(
      ...programs.filter(({ lives }) => !lives).map(({ stderr }) => `a process ended: ${stderr.slice(-1_000)}`),
    )
    return {
      ...{ outcome: outcomeOf(standing), details: detailsOf(standing), seconds, faults },
      records: [...counts.values()].reduce((sum, { records }) => sum + records, 0),
      tasks: tasksOf(workers),
    }
  } catch (error) {
    const said = programs.map(({ stderr }) => stderr.slice(-2_000))
    throw new Error([(error as Error).message, ...said].join('\n\n'), { cause: error })
  } finally {
    await Promise.all(programs.map(program => program.stop()))
  }
}

/** The log against what was sent, the tables against the log, the views against the read API. */
async function compared(
  at: Installation,
  { truth, standing }: Pick<World, 'truth'> & { standing: Awaited<ReturnType<typeof standingOf>> },
): Promise<{ counts: Counts; faults: string[] }> {
  const opened = await at.open()
  const clickhouse = await at.clickhouse()
  try {
    const counts = await countsOf(opened)
    return {
      counts,
      faults: [
        ...faultsOfLog(counts, truth.totals),
        ...(await faultsOfTables(counts, clickhouse)),
        ...differences('ClickHouse beside the API', viewsOfApi(standing), await viewsOf(clickhouse)),
      ],
    }
  } finally {
    await clickhouse.close()
    await opened.log.close()
  }
}

/** How many tasks each has in the end, as they tell: whoever claimed a task last has it. */
function tasksOf(workers: readonly Program[]): number[] {
  const claims = workers.flatMap(({ stderr }, worker) =>
    stderr
      .split('\n')
      .filter(line => line.endsWith('"msg":"claimed"}'))
      .map(line => ({ worker, ...(JSON.parse(line) as { readonly time: number; readonly task: string }) })),
  )
  const owners = new Map(claims.sort((a, b) => a.time - b.time).map(({ task, worker }) => [task, worker]))
  return workers.map((_, worker) => [...owners.values()].filter(owner => owner === worker).length)
}
