import { expect, test } from 'vitest'
import { createMetrics } from '../../src/observe/metrics.ts'

test('decisions are counted by effect and reason, and their durations by upper bounds', async () => {
  const metrics = createMetrics('1.2.3')
  const before = await metrics.text()
  metrics.decided('allow', 'RULE', 0.00001)
  metrics.decided('block', 'NO_RULE', 0.00002)
  metrics.decided('allow', 'RULE', 0.5)

  const lines = (await metrics.text())
    .split('\n')
    .filter((line) => /sallyport_decision(s_total|_duration)/.test(line))

  expect(before).toContain('sallyport_decision_duration_seconds_count 0')
  expect(lines).toEqual([
    '# HELP sallyport_decisions_total Decisions by effect and reason.',
    '# TYPE sallyport_decisions_total counter',
    'sallyport_decisions_total{effect="allow",reason="RULE"} 2',
    'sallyport_decisions_total{effect="block",reason="NO_RULE"} 1',
    expect.stringMatching(/^# HELP sallyport_decision_duration_seconds /),
    '# TYPE sallyport_decision_duration_seconds histogram',
    'sallyport_decision_duration_seconds_bucket{le="0.00001"} 1',
    ...['0.000025', '0.00005', '0.0001', '0.00025', '0.0005', '0.001'].map(bucketOfTwo),
    ...['0.0025', '0.005', '0.01', '0.025', '0.05'].map(bucketOfTwo),
    'sallyport_decision_duration_seconds_bucket{le="+Inf"} 3',
    'sallyport_decision_duration_seconds_sum 0.50003',
    'sallyport_decision_duration_seconds_count 3',
  ])
})

function bucketOfTwo(bound: string): string {
  return `sallyport_decision_duration_seconds_bucket{le="${bound}"} 2`
}
