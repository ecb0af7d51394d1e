import { inject } from 'vitest'
import { describeConnector } from '../compliance/connector.ts'
import { pagePair } from '../support/pagePair.ts'

const { services } = inject('services')

describeConnector('werift to browser', () => pagePair(services, 'werift', 'browser'))
