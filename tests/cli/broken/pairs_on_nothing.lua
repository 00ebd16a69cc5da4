local list
for k, v in pairs(list) do
  print(k, v)
end
