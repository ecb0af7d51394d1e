import { createConnector, joinConvoy, loadEngine } from 'openconvoy'

// Joins with werift, where no native module may be loaded; `datachannel` insists on node-datachannel.
const connector = createConnector(await loadEngine('werift'))
const convoy = await joinConvoy(process.argv[2] ?? '', { name: 'Dora', vehicleClass: null, connector })
console.log(`${convoy.host.name} is here`)
await convoy.close()
