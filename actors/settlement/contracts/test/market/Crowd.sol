// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {ISessions} from "../../src/interfaces/ISessions.sol";
import {Companions} from "../../src/market/Companions.sol";
import {SessionBook} from "../../src/market/SessionBook.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Inputs} from "../../src/proof/Inputs.sol";
import {Plan} from "../proof/Plan.sol";

contract Gold is ERC20("Gold", "GOLD") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Eleven actors who do anything at random, in two currencies: three users, three providers, three companions, an author and a challenger.
/// Provider 0 is honest: it claims before a closing period ends, answers what it is asked in time, and no game is lost by it. Each function tries one action of one actor; one that isn't
/// possible now is refused, and is tried to be.
contract Crowd is Plan {
    uint256 public constant USERS = 3;
    uint256 public constant PROVIDERS = 3;
    uint256 public constant COMPANIONS = 3;

    Gold public gold;
    address[2] public currencies;
    bytes32[] public all;
    /// @dev Games of the stand-in that go on: it ends as many as it began, and none that `Inputs` did.
    mapping(bytes32 session => uint256) private begun;
    /// @dev Questions that wait for an answer.
    Inputs.Question[] private asked;
    /// @dev What provider 0 bonded and took back, in each currency.
    mapping(address token => uint256) public put;
    mapping(address token => uint256) public taken;
    /// @dev How often each action was done.
    mapping(bytes32 action => uint256) public done;

    constructor() {
        super.setUp();
        shape = [uint32(2)];
        gold = new Gold();
        currencies = [NATIVE, address(gold)];
        vm.prank(author);
        assets.setPrice(scene, address(gold), AUTHOR_PRICE, true);
        for (uint256 i = 0; i < USERS; ++i) {
            fund(key(i), address(sessions));
        }
        for (uint256 i = 0; i < PROVIDERS; ++i) {
            address who = fund(key(10 + i), address(providers));
            vm.startPrank(who);
            providers.register("tcp://provider", keccak256("curve"));
            for (uint256 t = 0; t < 2; ++t) {
                providers.offer(scene, currencies[t], PROVIDER_PRICE, true);
            }
            vm.stopPrank();
        }
        for (uint256 i = 0; i < COMPANIONS; ++i) {
            vm.deal(vm.addr(key(20 + i)), 100 ether);
        }
        vm.deal(challenger, 1e6 ether);
        vm.prank(provider);
        providers.unbond(NATIVE, 100 ether);
    }

    function key(uint256 i) public pure returns (uint256) {
        return 0x1000 + i;
    }

    function fund(uint256 secret, address spender) private returns (address who) {
        who = vm.addr(secret);
        vm.deal(who, 1e6 ether);
        gold.mint(who, 1e6 ether);
        vm.prank(who);
        gold.approve(spender, type(uint256).max);
    }

    function actor(uint256 i) public view returns (address) {
        if (i < USERS) return vm.addr(key(i));
        if (i < USERS + PROVIDERS) return vm.addr(key(10 + i - USERS));
        if (i < USERS + PROVIDERS + COMPANIONS) return vm.addr(key(20 + i - USERS - PROVIDERS));
        return [author, challenger, provider][i - USERS - PROVIDERS - COMPANIONS];
    }

    function actors() public pure returns (uint256) {
        return USERS + PROVIDERS + COMPANIONS + 3;
    }

    function honest() public pure returns (address) {
        return vm.addr(key(10));
    }

    function count() external view returns (uint256) {
        return all.length;
    }

    /// @dev Calls as `who`; says whether it was done.
    function attempt(address who, address to, uint256 value, bytes memory data, bytes32 name) private returns (bool ok) {
        vm.prank(who);
        (ok,) = to.call{value: value}(data);
        if (ok) ++done[name];
    }

    function pick(uint256 which) private view returns (bytes32) {
        // Mostly among the last ones, where something still happens.
        uint256 n = all.length;
        return n == 0 ? bytes32(0) : all[n - 1 - which % (n < 8 ? n : 8)];
    }

    function tryBond(uint256 who, uint256 which, uint96 amount) external {
        (address p, address coin) = (vm.addr(key(10 + who % PROVIDERS)), currencies[which % 2]);
        amount = uint96(within(amount, 1, 1_000 ether));
        bytes memory data = abi.encodeCall(providers.bond, (coin, amount));
        if (attempt(p, address(providers), coin == NATIVE ? amount : 0, data, "bond") && p == honest()) {
            put[coin] += amount;
        }
    }

    function tryUnbond(uint256 who, uint256 which, uint96 amount) external {
        (address p, address coin) = (vm.addr(key(10 + who % PROVIDERS)), currencies[which % 2]);
        uint256 free = providers.available(p, coin);
        amount = uint96(within(amount, 0, free + 1));
        attempt(p, address(providers), 0, abi.encodeCall(providers.unbond, (coin, amount)), "unbond");
    }

    function tryTakeBond(uint256 who, uint256 which) external {
        (address p, address coin) = (vm.addr(key(10 + who % PROVIDERS)), currencies[which % 2]);
        (,,, uint96 leaving) = providers.bondOf(p, coin);
        if (attempt(p, address(providers), 0, abi.encodeCall(providers.takeBond, (coin)), "takeBond") && p == honest()) {
            taken[coin] += leaving;
        }
    }

    function tryOpen(uint256 by, uint256 with, uint256 which, uint96 deposit, bool minting) external {
        Sessions.Opening memory o = opening(0, minting && which % 2 == 0);
        o.provider = vm.addr(key(10 + with % PROVIDERS));
        o.token = currencies[which % 2];
        uint256 most = providers.available(o.provider, o.token) / RATIO;
        o.deposit = within(deposit, 1, most < 1 ? 1 : most);
        o.signer = vm.addr(key(by % USERS));
        bytes memory data = abi.encodeCall(sessions.open, (o));
        if (attempt(o.signer, address(sessions), o.token == NATIVE ? o.deposit : 0, data, "open")) {
            all.push(keccak256(abi.encode(block.chainid, address(sessions), sessions.count())));
        }
    }

    function tryDraw(uint256 which) external {
        attempt(author, address(sessions), 0, abi.encodeCall(sessions.draw, (pick(which))), "draw");
    }

    function tryClaim(uint256 which, uint96 amount) external {
        claimOne(pick(which), amount);
    }

    function claimOne(bytes32 id, uint96 amount) private {
        SessionBook.Session memory s = sessions.get(id);
        if (s.provider == address(0)) return;
        Sessions.Claiming memory c = voucher(id, within(amount, 1, uint256(s.deposit) + s.deposit / 8));
        c.signature = signed(keyOf(s.signer), c);
        attempt(s.provider, address(sessions), 0, abi.encodeCall(sessions.claim, (c)), "claim");
    }

    function keyOf(address signer) private pure returns (uint256) {
        for (uint256 i = 0; i < USERS; ++i) {
            if (vm.addr(key(i)) == signer) return key(i);
        }
        return USER_KEY;
    }

    function tryDecline(uint256 which) external {
        bytes32 id = pick(which);
        attempt(sessions.get(id).provider, address(sessions), 0, abi.encodeCall(sessions.decline, (id)), "decline");
    }

    function tryClose(uint256 which) external {
        bytes32 id = pick(which);
        attempt(sessions.get(id).user, address(sessions), 0, abi.encodeCall(sessions.close, (id)), "close");
    }

    function tryReclaim(uint256 which) external {
        attempt(author, address(sessions), 0, abi.encodeCall(sessions.reclaim, (pick(which))), "reclaim");
    }

    function tryFinalise(uint256 which) external {
        attempt(author, address(sessions), 0, abi.encodeCall(sessions.finalise, (pick(which))), "finalise");
    }

    function tryReward(uint256 which) external {
        attempt(author, address(sessions), 0, abi.encodeCall(sessions.reward, (pick(which))), "reward");
    }

    function tryLock(uint256 which) external {
        bytes32 id = pick(which);
        if (attempt(author, address(referee), 0, abi.encodeCall(referee.lock, (id)), "lock")) ++begun[id];
    }

    function trySettle(uint256 which, uint256 verdict) external {
        bytes32 id = pick(which);
        if (begun[id] == 0) return;
        IClaims.Verdict how = IClaims.Verdict(verdict % 3);
        if (sessions.get(id).provider == honest()) how = IClaims.Verdict.Upheld;
        bytes memory data = abi.encodeCall(referee.settle, (id, how, challenger));
        if (attempt(author, address(referee), 0, data, "settle")) --begun[id];
    }

    /// @dev Of four segments, two of which there are, and of two chunks, one of which there is.
    function tryAsk(uint256 who, uint256 which, uint32 segment, uint32 chunk) external {
        (address a, bytes32 id) = (vm.addr(key(20 + who % COMPANIONS)), pick(which));
        if (who % 2 == 0) a = challenger;
        (segment, chunk) = (segment % 4, chunk % 2);
        Inputs.Question memory q = Inputs.Question(
            id, sessions.get(id).provider, a, uint64(block.timestamp + ANSWER), 0, segment, chunk
        );
        bytes memory data = abi.encodeCall(inputs.ask, (id, 0, segment, chunk));
        if (attempt(a, address(inputs), QUESTION, data, "ask")) asked.push(q);
    }

    /// @dev Whoever is asked, somebody who has the data answers.
    function tryAnswer(uint256 which) external {
        if (asked.length > 0) answerOne(which % asked.length);
    }

    function answerOne(uint256 i) private {
        Inputs.Question memory q = asked[i];
        bytes memory data = abi.encodeCall(inputs.answer, (q, answerTo(q, keyOf(sessions.get(q.session).signer))));
        if (attempt(author, address(inputs), 0, data, "answer")) drop(i);
    }

    function tryTimeout(uint256 which) external {
        if (asked.length == 0) return;
        uint256 i = which % asked.length;
        if (attempt(author, address(inputs), 0, abi.encodeCall(inputs.timeout, (asked[i])), "timeout")) drop(i);
    }

    function drop(uint256 i) private {
        asked[i] = asked[asked.length - 1];
        asked.pop();
    }

    function answerForTheHonest() private {
        for (uint256 i = asked.length; i > 0; --i) {
            if (asked[i - 1].provider == honest()) answerOne(i - 1);
        }
    }

    function tryJoin(uint256 who) external {
        address c = vm.addr(key(20 + who % COMPANIONS));
        attempt(c, address(companions), COMPANION_BOND, abi.encodeCall(companions.join, ()), "join");
    }

    function tryQuit(uint256 who, bool back) external {
        address c = vm.addr(key(20 + who % COMPANIONS));
        bytes memory data = back ? abi.encodeCall(companions.takeBond, ()) : abi.encodeCall(companions.quit, ());
        attempt(c, address(companions), 0, data, "quit");
    }

    function tryCommit(uint256 who, uint256 which) external {
        (address c, bytes32 id) = (vm.addr(key(20 + who % COMPANIONS)), pick(which));
        bytes32 root = commitmentOf(id);
        bytes memory data = abi.encodeCall(companions.commit, (id, commitment(root, c, "salt")));
        attempt(c, address(companions), 0, data, "commit");
    }

    function tryAttest(uint256 who, uint256 which) external {
        address c = vm.addr(key(20 + who % COMPANIONS));
        attempt(c, address(companions), 0, abi.encodeCall(companions.open, (pick(which), "salt")), "attest");
    }

    function tryWithdraw(uint256 who, uint256 which) external {
        (address a, address coin) = (actor(who % actors()), currencies[which % 2]);
        attempt(a, address(sessions), 0, abi.encodeCall(sessions.withdraw, (coin, a)), "withdraw");
        attempt(a, address(providers), 0, abi.encodeCall(providers.withdraw, (coin, a)), "withdraw");
        attempt(a, address(companions), 0, abi.encodeCall(companions.withdraw, (coin, a)), "withdraw");
        attempt(a, address(inputs), 0, abi.encodeCall(inputs.withdraw, (coin, a)), "withdraw");
    }

    function tryMint(uint256 epoch, uint256 who) external {
        address p = vm.addr(key(10 + who % PROVIDERS));
        attempt(p, address(work), 0, abi.encodeCall(work.mint, (within(epoch, 0, work.current()), p)), "mint");
    }

    /// @notice Time goes on, by seconds or days. The honest provider first claims what would be lost to it, and answers what it was asked.
    function tryWait(uint256 time, bool far) external {
        time = within(time, 1, far ? 2 days : 2 hours);
        for (uint256 i = 0; i < all.length; ++i) {
            SessionBook.Session memory s = sessions.get(all[i]);
            if (s.provider == honest() && s.status == ISessions.Status.Closing && block.timestamp <= s.ends) {
                claimOne(all[i], s.deposit);
            }
        }
        answerForTheHonest();
        vm.warp(block.timestamp + time);
        vm.roll(block.number + 2 + time / 600);
        ++done["wait"];
    }

    /// @notice Everybody goes home: what each party can do alone, in bounded time, from any state.
    function leaveAll() external {
        answerForTheHonest();
        vm.warp(block.timestamp + ANSWER + 1);
        for (; asked.length > 0; asked.pop()) {
            inputs.timeout(asked[asked.length - 1]);
        }
        for (uint256 i = 0; i < all.length; ++i) {
            SessionBook.Session memory s = sessions.get(all[i]);
            for (; begun[all[i]] > 0; --begun[all[i]]) {
                referee.settle(all[i], IClaims.Verdict.Upheld, challenger);
            }
            if (s.status == ISessions.Status.Open) {
                vm.prank(s.user);
                sessions.close(all[i]);
            }
        }
        vm.warp(block.timestamp + WINDOW + CLOSING + 1);
        for (uint256 i = 0; i < all.length; ++i) {
            if (status(all[i]) == ISessions.Status.Closing) sessions.reclaim(all[i]);
            else if (status(all[i]) == ISessions.Status.Claimed) sessions.finalise(all[i]);
        }
        vm.roll(block.number + 2);
        for (uint256 i = 0; i < all.length; ++i) {
            if (status(all[i]) != ISessions.Status.Paid) continue;
            if (sessions.reward(all[i]) == address(0)) {
                vm.roll(block.number + 2);
                sessions.reward(all[i]);
            }
        }
        for (uint256 a = 0; a < actors(); ++a) {
            vm.startPrank(actor(a));
            for (uint256 t = 0; t < 2; ++t) {
                uint256 free = providers.available(actor(a), currencies[t]);
                if (free > 0) providers.unbond(currencies[t], uint96(free));
            }
            (Companions.Standing standing,) = companions.companionOf(actor(a));
            if (standing == Companions.Standing.Active) companions.quit();
            vm.stopPrank();
        }
        vm.warp(block.timestamp + DELAY + 1);
        for (uint256 a = 0; a < actors(); ++a) {
            vm.startPrank(actor(a));
            for (uint256 t = 0; t < 2; ++t) {
                (,,, uint96 leaving) = providers.bondOf(actor(a), currencies[t]);
                if (leaving > 0) providers.takeBond(currencies[t]);
            }
            (Companions.Standing standing,) = companions.companionOf(actor(a));
            if (standing == Companions.Standing.Leaving) companions.takeBond();
            for (uint256 t = 0; t < 2; ++t) {
                if (sessions.owed(currencies[t], actor(a)) > 0) sessions.withdraw(currencies[t], actor(a));
                if (providers.owed(currencies[t], actor(a)) > 0) providers.withdraw(currencies[t], actor(a));
                if (companions.owed(currencies[t], actor(a)) > 0) companions.withdraw(currencies[t], actor(a));
                if (inputs.owed(currencies[t], actor(a)) > 0) inputs.withdraw(currencies[t], actor(a));
            }
            vm.stopPrank();
        }
    }

    /// @notice What `where` has of a currency.
    function held(address where, address coin) public view returns (uint256) {
        return coin == NATIVE ? where.balance : gold.balanceOf(where);
    }

    /// @notice Deposits of sessions that haven't ended, and pots that wait for their draw.
    function inSessions(address coin) public view returns (uint256 sum) {
        for (uint256 i = 0; i < all.length; ++i) {
            SessionBook.Session memory s = sessions.get(all[i]);
            if (s.token != coin) continue;
            if (s.status == ISessions.Status.Paid) {
                uint256 burnt = s.minting ? (uint256(s.amount) * 500 + 9_999) / 10_000 : 0;
                sum += (s.amount - burnt) / 10;
            } else if (s.status != ISessions.Status.Ended) {
                sum += s.deposit;
            }
        }
        for (uint256 a = 0; a < actors(); ++a) {
            sum += sessions.owed(coin, actor(a));
        }
    }

    /// @notice Bonds, what was slashed and is owed, what was burnt.
    function inProviders(address coin) public view returns (uint256 sum) {
        for (uint256 a = 0; a < actors(); ++a) {
            (uint96 bond,,,) = providers.bondOf(actor(a), coin);
            sum += bond + providers.owed(coin, actor(a));
        }
        sum += providers.burnt(coin);
    }

    /// @notice Companions' bonds, what they are owed, what was burnt.
    function inCompanions() public view returns (uint256 sum) {
        for (uint256 a = 0; a < actors(); ++a) {
            (Companions.Standing standing,) = companions.companionOf(actor(a));
            if (standing != Companions.Standing.None) sum += COMPANION_BOND;
            sum += companions.owed(NATIVE, actor(a));
        }
        sum += companions.burnt();
    }

    /// @notice What questions put up, and what is owed for them.
    function inInputs() public view returns (uint256 sum) {
        sum = asked.length * QUESTION;
        for (uint256 a = 0; a < actors(); ++a) {
            sum += inputs.owed(NATIVE, actor(a));
        }
    }

    /// @notice Coin burnt for work, by epoch.
    function inWork() public view returns (uint256 sum) {
        for (uint256 e = 0; e <= work.current(); ++e) {
            sum += work.total(e);
        }
    }

    /// @notice What stands behind the open sessions of provider `p`.
    function behind(address p, address coin) public view returns (uint256 sum) {
        for (uint256 i = 0; i < all.length; ++i) {
            SessionBook.Session memory s = sessions.get(all[i]);
            bool open_ = s.status != ISessions.Status.Paid && s.status != ISessions.Status.Ended;
            if (s.provider == p && s.token == coin && open_) sum += RATIO * s.deposit;
        }
    }

    function addresses() external view returns (address, address, address, address, address) {
        return (address(sessions), address(providers), address(companions), address(work), address(inputs));
    }

    function bondOf(address p, address coin) external view returns (uint96 b, uint96 r, uint96 l) {
        (b, r,, l) = providers.bondOf(p, coin);
    }
}
