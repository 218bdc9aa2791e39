import { linux64, linux618 } from '@faultline/designs'

export const designs = [
  { ...linux618, name: 'one' },
  { ...linux64, name: 'two' },
]
