/** The HTTP API, as the page's session may use it. */

export class Problem extends Error {
  constructor(status, detail) {
    super(detail)
    this.status = status
  }
}

/** Rejects with a Problem: status 0 where nobody answers. */
export async function ask(path, { body, signal } = {}) {
  const options =
    body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  let response
  try {
    response = await fetch(path, {
      ...options,
      signal: AbortSignal.any([AbortSignal.timeout(10_000), ...(signal ? [signal] : [])]),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem(0, 'Milepost does not answer.')
  }
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new Problem(response.status, answer.detail ?? response.statusText)
  return answer
}

export const query = params =>
  new URLSearchParams(Object.entries(params).filter(([, value]) => value !== undefined && value !== '')).toString()
