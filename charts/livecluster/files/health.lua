-- How Argo CD tells the health of a LiveCluster: docs/argocd.md says where this goes.
-- Its Lua is that of version 5.1; obj is the resource, and what is returned has a status and a message.

local function condition_of(status, name)
  for _, condition in ipairs(status.conditions or {}) do
    if condition.type == name then
      return condition
    end
  end
  return { status = "Unknown", message = "" }
end

local function health(status, message)
  return { status = status, message = message }
end

local status = obj.status or {}
local ready = condition_of(status, "Ready")
local progressing = condition_of(status, "Progressing")
local degraded = condition_of(status, "Degraded")
local annotations = obj.metadata.annotations or {}

if status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "No operator has looked at this generation yet")
end
if degraded.status == "True" then
  return health("Degraded", degraded.message)
end
-- The operator reads exactly this value.
if annotations["livecluster.io/paused"] == "true" then
  return health("Suspended", "Paused: no object is changed. " .. ready.message)
end
if progressing.status == "True" then
  if ready.status == "True" then
    return health("Progressing", progressing.message)
  end
  return health("Progressing", ready.message)
end
if ready.status ~= "True" then
  return health("Degraded", ready.message)
end
return health("Healthy", ready.message)
