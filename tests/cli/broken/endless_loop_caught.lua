-- pcall must not keep a loop alive.
while true do
  pcall(function() while true do end end)
end
