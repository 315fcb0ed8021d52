-- Uses only conditions, never their messages. Deletion comes first, because the status does not show it.
local hs = { status = "Progressing", message = "Waiting for the operator to look at this generation" }
if obj.metadata.deletionTimestamp ~= nil then
  hs.message = "The campaign is being deleted"
  return hs
end
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return hs
end
local is = {}
for _, condition in ipairs(obj.status.conditions) do
  is[condition.type] = condition
end
local function has(type, status)
  return is[type] ~= nil and is[type].status == status
end
if has("Stalled", "True") then
  return { status = "Degraded", message = is["Stalled"].message }
end
if has("Reconciling", "True") then
  hs.message = is["Reconciling"].message
elseif has("Ready", "False") then
  hs = { status = "Degraded", message = is["Ready"].message }
elseif has("Ready", "True") and has("Overridden", "True") and is["Overridden"].reason == "Paused" then
  hs = { status = "Suspended", message = is["Overridden"].message }
elseif has("Ready", "True") then
  hs = { status = "Healthy", message = is["Ready"].message }
elseif is["Ready"] ~= nil then
  hs.message = is["Ready"].message
end
return hs
