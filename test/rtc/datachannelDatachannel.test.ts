import { describeConnector } from '../compliance/connector.ts'
import { nodePair } from './support/nodePair.ts'

describeConnector('datachannel to datachannel', (needs) => nodePair('datachannel', 'datachannel', needs))
