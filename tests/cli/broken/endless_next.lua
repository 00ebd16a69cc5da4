-- So does putting the keys of a table in order.
local t = {}
for i = 1, 100000 do
  t[i] = i
end
while true do
  local k = next(t)
end
