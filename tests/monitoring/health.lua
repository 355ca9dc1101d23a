-- What charts/livecluster/files/health.lua makes of LiveClusters as an operator leaves them.
--   lua5.4 tests/monitoring/health.lua

local here = arg[0]:match("^(.*)/") or "."
local clusters = dofile(here .. "/statuses.lua")

local expected = {
  ["all is well"] = { "Healthy", "Clients can publish and watch" },
  ["an edge starts"] = { "Progressing", "pods are being made" },
  ["no pod is there"] = { "Progressing", "no origin is ready; no edge is ready" },
  ["an origin is replaced"] = { "Progressing", "pod origin-0 is being replaced" },
  ["a rollout is stuck"] = { "Degraded", "origin-0 does not become ready" },
  ["an object is somebody else's"] = { "Degraded", '"demo" is not ours' },
  ["routes can't be written"] = { "Degraded", "refused" },
  ["it is paused"] = { "Suspended", "Clients can publish and watch" },
  ["it is paused without pods"] = { "Suspended", "no origin is ready" },
  ["it is paused and something is wrong"] = { "Degraded", '"demo" is not ours' },
  ["it was changed since"] = { "Progressing", "No operator has looked at this generation yet" },
  ["nobody has looked at it"] = { "Progressing", "No operator has looked at this generation yet" },
}

local function health_of(cluster)
  local check = assert(loadfile(here .. "/../../charts/livecluster/files/health.lua", "t", {
    obj = cluster,
    ipairs = ipairs,
  }))
  return check()
end

local failed = false
local function fail(...)
  failed = true
  io.stderr:write(string.format(...), "\n")
end

for what, cluster in pairs(clusters) do
  local health = health_of(cluster)
  local status, words = table.unpack(expected[what] or { "nothing", "" })
  if health.status ~= status or not health.message:find(words, 1, true) then
    fail("%s: %s (%s), not %s (%s)", what, health.status, health.message, status, words)
  end
end
for what in pairs(expected) do
  if not clusters[what] then
    fail("%s: statuses.lua has no such cluster", what)
  end
end
local bare = health_of({ metadata = { generation = 1 } })
if bare.status ~= "Progressing" then
  fail("without a status it is %s", bare.status)
end
os.exit(not failed)
