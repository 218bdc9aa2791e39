// Names a hand-written page of the site after its first heading, where typedoc names it after its file, and puts the pages in reading order,
// before the packages.
import { ReflectionKind, RendererEvent } from 'typedoc'
import { READING_ORDER } from './reading-order.mjs'

/** The entries of the navigation: pages in their places, then the packages. A page without a place, or a place without a page, is a warning. */
function inReadingOrder(elements, warn) {
  const pages = new Map(elements.filter(({ kind }) => kind === ReflectionKind.Document).map((element) => [element.path, element]))
  const take = (file) => {
    const path = `documents/${file.replace(/\.md$/, '').replaceAll('/', '_')}.html`
    const page = pages.get(path)
    if (page === undefined) warn(`scripts/site/reading-order.mjs: there is no page ${file}`)
    pages.delete(path)
    return page ?? { text: file }
  }
  const ordered = READING_ORDER.map((place) =>
    typeof place === 'string' ? take(place) : { text: place.title, children: place.pages.map(take) },
  )
  for (const path of pages.keys()) warn(`scripts/site/reading-order.mjs: no place for ${path}`)
  return [...ordered, ...elements.filter(({ kind }) => kind !== ReflectionKind.Document)]
}

/** @param {import('typedoc').Application} app */
export function load(app) {
  // At the beginning of the drawing: the pages are gathered only when the packages have been merged.
  app.renderer.on(RendererEvent.BEGIN, ({ project }) => {
    const { theme } = app.renderer
    const build = theme.buildNavigation.bind(theme)
    theme.buildNavigation = (all) => inReadingOrder(build(all), (text) => app.logger.warn(text))
    for (const page of project.getReflectionsByKind(ReflectionKind.Document)) {
      const heading = /^# (.+)$/m.exec(page.content.map(({ text }) => text ?? '').join(''))?.[1]
      if (heading !== undefined) page.name = heading.replace(/[*_`]/g, '')
    }
  })
}
