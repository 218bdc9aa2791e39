import { expect, test } from 'vitest'
import { comparison, servedRow } from '../../test/fixture.ts'
import { comparisonPage } from './html.ts'

test('the page stands alone: charts inside, no script, nothing fetched', async () => {
  const page = await comparisonPage('Faultline', [comparison()])
  expect(page.match(/<svg /g)).toHaveLength(5)
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|src=/)
  expect(page.match(/href="(?!#)/g)).toBeNull()
})

test('text is text, not markup', async () => {
  const page = await comparisonPage('A <i> & b', [comparison()])
  expect(page).toContain('<title>A &lt;i&gt; &amp; b</title>')
  expect(page).toContain('loses &lt;b&gt;42&lt;/b&gt; &amp; more')
})

test('the same comparison gives the same bytes', async () => {
  expect(await comparisonPage('F', [comparison()])).toBe(await comparisonPage('F', [comparison()]))
})

test('a comparison in which nothing is lost draws too', async () => {
  const page = await comparisonPage('F', [{ ...comparison(), rows: [servedRow('only')] }])
  expect(page).toContain('<td>only</td>')
})
