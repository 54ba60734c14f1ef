export type SettingValue = string | number | boolean

export interface SettingsWanted {
  readonly durable: boolean
  readonly maxConnections: number
  readonly settings: Readonly<Record<string, SettingValue>>
}

/** The lines of postgresql.conf for a server of ours; what the user says comes last, and wins. */
export function settingLines(wanted: SettingsWanted): readonly string[] {
  const ours: Record<string, SettingValue> = {
    listen_addresses: "127.0.0.1",
    // None: their paths may be at most 107 characters long, which a temporary folder can exceed.
    unix_socket_directories: "",
    // In the data directory, where it goes away with the rest even after SIGKILL, and where /dev/shm's size
    // (64 MB in a container) is no limit.
    dynamic_shared_memory_type: "mmap",
    TimeZone: "UTC",
    log_timezone: "UTC",
  }
  return Object.entries({ ...ours, ...common(wanted) }).map(([name, value]) => `${name} = ${quoted(value)}`)
}

/** The same for a server's command line in a container, where addresses and sockets are the image's business. */
export function settingArguments(wanted: SettingsWanted): readonly string[] {
  return Object.entries(common(wanted)).flatMap(([name, value]) => ["-c", `${name}=${plain(value)}`])
}

function common({ durable, maxConnections, settings }: SettingsWanted): Record<string, SettingValue> {
  return {
    max_connections: maxConnections,
    fsync: durable,
    full_page_writes: durable,
    synchronous_commit: durable,
    ...settings,
  }
}

function quoted(value: SettingValue): string {
  if (typeof value !== "string") return plain(value)
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
}

function plain(value: SettingValue): string {
  if (typeof value === "boolean") return value ? "on" : "off"
  return String(value)
}
