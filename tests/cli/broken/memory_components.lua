for i = 1, 1e12 do
  local s = station { service = "10ms" }
end
