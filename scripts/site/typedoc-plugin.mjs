// Names a hand-written page of the site after its first heading; typedoc names it after its file.
import { ReflectionKind, RendererEvent } from 'typedoc'

/** @param {import('typedoc').Application} app */
export function load(app) {
  // At the beginning of the drawing: the pages are gathered only when the packages have been merged.
  app.renderer.on(RendererEvent.BEGIN, ({ project }) => {
    for (const page of project.getReflectionsByKind(ReflectionKind.Document)) {
      const heading = /^# (.+)$/m.exec(page.content.map(({ text }) => text ?? '').join(''))?.[1]
      if (heading !== undefined) page.name = heading.replace(/[*_`]/g, '')
    }
  })
}
