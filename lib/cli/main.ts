#!/usr/bin/env node
import { openconvoy } from './openconvoy.ts'
import { runProgram } from './runProgram.ts'

process.exitCode = await runProgram(openconvoy, process.argv.slice(2))
