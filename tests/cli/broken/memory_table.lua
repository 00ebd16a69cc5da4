local list = {}
for i = 1, 1e12 do
  list[i] = i
end
