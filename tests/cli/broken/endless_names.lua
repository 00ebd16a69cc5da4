-- Looking for the name that was meant takes longer than a step.
while true do
  pcall(function() return undefned_name end)
end
