// Loaded into a broker's process before the broker itself (`node --import`): tells its parent, whenever asked, how much
// CPU time all of its threads have used so far, in microseconds.
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.on('disconnect', () => process.exit(0))
