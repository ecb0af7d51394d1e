import { inject } from 'vitest'
import { describeConnector } from '../compliance/connector.ts'
import { pagePair } from '../support/pagePair.ts'

const { services } = inject('services')

describeConnector('browser to browser', () => pagePair(services, 'browser', 'browser'))
